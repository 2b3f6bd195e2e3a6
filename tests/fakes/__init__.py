"""Fakes and worlds that tests share."""
