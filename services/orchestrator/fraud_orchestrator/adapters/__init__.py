"""Messages of payment systems, as payments: pure, one module for each standard."""
