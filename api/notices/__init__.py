"""Notices of rights holders, by the forms of the law and with the days that it sets. Never legal advice."""
