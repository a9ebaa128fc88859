"""The types of the schema, as a frontend developer reads them."""
