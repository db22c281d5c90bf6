"""What tests of every distribution share: factories, fakes, clients, real servers."""
