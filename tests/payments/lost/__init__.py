"""Tests of the search for lost notifications."""
