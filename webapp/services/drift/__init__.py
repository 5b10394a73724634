"""Has the traffic drifted, and does it hurt?"""
