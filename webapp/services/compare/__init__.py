"""Which version is better?"""
