"""The language server: what `tnc.editor` knows, in the words of the Language Server Protocol."""
