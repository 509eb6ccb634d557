//go:build unix

package scenarios

import (
	"errors"
	"os"
	"syscall"
)

// lock keeps other programs from a file until it is closed, or the program ends, however it does.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errors.New("another program is at work on it")
	}
	return err
}
