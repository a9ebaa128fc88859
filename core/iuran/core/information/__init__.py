"""Information for the public: where to go and whom to call."""
