"""The command line. One file per command; torch is imported only by commands that need it."""
