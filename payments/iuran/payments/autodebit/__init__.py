"""Autodebit: mandates, the collection files of the 5th and 20th, and what the banks report."""
