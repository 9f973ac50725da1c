"""bpfassay_test(name, objects): a test that all programs load on the kernels named."""

def bpfassay_test(name, objects, targets = ["linux-6.1", "linux-6.12"], tool = "@bpfassay//:bpfassay", **kwargs):
    native.sh_test(
        name = name,
        srcs = ["@bpfassay//packaging/recipes:run.sh"],
        args = ["$(rootpath %s)" % tool, "check", "--strict", "--target", ",".join(targets)] +
               ["$(rootpaths %s)" % object for object in objects],
        data = objects + [tool],
        **kwargs
    )
