"""Referrals and clinic sessions without a database."""
