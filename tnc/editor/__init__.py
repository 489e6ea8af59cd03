"""What editors know of the language: its words, its colours, and the names of a text."""
