"""What a process that runs others' code may do, enforced by the kernel.

``linux``      calls of the kernel: secrets unreadable by others, capabilities given up
``landlock``   which folders it may read and write
``bubblewrap`` the same by mounts, and no processes outside, where there is no Landlock
``seccomp``    which system calls it may make: no processes, no network, no signals to others
``elf``        what the kernel starts with a program
``confine``    puts them together, and says which of them hold on this machine
``reaper``     ends what a child started, where the system calls aren't filtered
``endings``    why a child ended
``usage``      memory and disk that a child has taken, counted from outside
"""
