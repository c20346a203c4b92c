"""A listening test that people take in a browser: is the mark heard?"""
