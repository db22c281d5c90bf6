"""What a case's payment needs on paper, from the records alone."""
