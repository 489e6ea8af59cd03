"""The version of tnc: of the package, and of the code it generates."""

VERSION = "0.1.0"
