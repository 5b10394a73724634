"""What a process that runs others' code may do, enforced by the kernel.

``linux``      calls of the kernel: secrets unreadable by others, capabilities given up
``landlock``   which folders it may read and write
``seccomp``    which system calls it may make: no processes, no network, no signals to others
``confine``    puts the three together, and says which of them hold on this machine
``reaper``     ends what a child started, where the system calls aren't filtered
``usage``      memory and disk that a child has taken, counted from outside
"""
