"""Tests of the client towards banks."""
