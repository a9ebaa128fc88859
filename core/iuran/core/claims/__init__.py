"""Claims of facilities and of participants: from a draft to a decision by two persons."""
