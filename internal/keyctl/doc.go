// Package keyctl keeps small secrets in the user keyring of the Linux kernel.
//
// The user keyring @u is one a user and outlives processes and logins' sessions; it is gone when
// the machine stops, or when the user's last process has ended. Its keys here are of type "user":
// up to 4,096 bytes that user space writes and reads. A process may read them only when it
// possesses them, which means through a keyring of its own; a session keyring that was made anew,
// as under sudo, in a service or by keyctl session, does not lead to @u, and reading fails there
// with EACCES. [User] therefore links @u to the keyring of the thread first, and stays on that
// thread.
//
// The session keyring is never used: it is inherited by programs that change the user, and does
// not follow into new namespaces.
//
// But logins link @u to the session keyring, and so does the kernel when it is asked for a session
// keyring that is not there. A program that changed the user then possesses all that @u leads to,
// and what a key allows its possessor has nothing to do with the user. Each key therefore lies in a
// cover: a keyring in @u with the key's description that allows its owner everything and its
// possessor nothing. Who does not run as the owner finds no way through it, so never possesses the
// key; and who has only its number does not either. [Ring.Find] takes nothing that belongs to
// another user: who possesses @u can put keys into it.
//
// Containers often forbid these calls, and other systems have none: that is [ErrUnavailable].
//
// Source: keyctl(2), keyrings(7), user-keyring(7)
package keyctl
