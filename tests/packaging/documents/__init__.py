"""What tests/packaging/test_documents.py compares: what the documents say, and what the programs are."""
