"""What a generated module raises, defined here once more so that it can be caught by name."""


class ShapeError(ValueError):
    """A tensor does not have the shape that the layer declares.

    The message names the tensor, the mode, both sizes and the line of the `.tnn`. A generated
    file has a class of its own by this name; modules that `tnc` itself loads raise this one.
    """
