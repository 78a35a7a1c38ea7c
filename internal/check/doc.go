// Package check has tests about the repository itself: which package imports which, what is documented, how files are named and
// how long they grow. They read the source files of all systems and build tags, not only those of the machine they run on.
package check
