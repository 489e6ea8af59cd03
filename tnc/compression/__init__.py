"""Compressing users' models: which layers, in which families, with which ranks, and the surgery."""
