"""Runs a program with a network and mounts of its own: own_namespaces.py PROGRAM ARGUMENT...

Root needs no namespace of users for that, and has none in a chroot. Who is not root, or may not do it, begins with one (unshare(1)).
"""

import ctypes
import errno
import os
import sys
import tempfile

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 1 << 18
libc = ctypes.CDLL(None, use_errno=True)


def make_private():
    """What is mounted from now on is seen by nobody else. False: the root of this process is no mount."""
    if libc.mount(b'none', b'/', None, MS_REC | MS_PRIVATE, None) == 0:
        return True
    if ctypes.get_errno() != errno.EINVAL:
        raise OSError(ctypes.get_errno(), 'mount --make-rprivate /')
    return False


def make_private_from_outside():
    """In a chroot that is a folder of a mount, which no path in it names: from a folder that is not below the root, `..` leads to the mount."""
    inside = os.open('/', os.O_RDONLY)
    with tempfile.TemporaryDirectory() as elsewhere:
        os.chroot(elsewhere)
        os.fchdir(inside)
        while not os.path.samefile('.', '..'):
            os.chdir('..')
        os.chroot('.')
        if not make_private():
            raise OSError('the root of all is no mount')
        os.fchdir(inside)
        os.chroot('.')


def main(program):
    if libc.unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
        os.execvp('unshare', ['unshare', '--map-root-user', '--mount', '--net', *program])
    if not make_private():
        make_private_from_outside()
    os.execvp(program[0], program)


main(sys.argv[1:])
