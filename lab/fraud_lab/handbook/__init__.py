"""The Fraud Detection Handbook's payments in this product's terms."""
