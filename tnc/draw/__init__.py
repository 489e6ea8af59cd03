"""Pictures of layers: a `Diagram` is made from one, a layout makes it a `Picture`, and renderers
write either as text."""
