// Package addresses looks at where things are in memory.
//
//tabletop:deterministic
package addresses

import (
	"fmt"
	"io"
	"reflect"
	"unsafe"
)

const dump = "%d: %#p\n"

func look(w io.Writer, n *int) uintptr {
	_ = fmt.Sprintf("%p", n)                     // want `^format %p \(address\): addresses differ from run to run; give things numbers$`
	fmt.Fprintf(w, dump, 1, n)                   // want `format %#p`
	fmt.Printf("%d%% %%p %s %p%%\n", 1, "%p", n) // want `format %p`
	fmt.Println("100%p", "%%p")
	_ = reflect.ValueOf(n).Pointer() // want `\(reflect.Value\).Pointer \(address\)`
	_ = uintptr(*n) + unsafe.Sizeof(n)
	return uintptr(unsafe.Pointer(n)) // want `^pointer as an integer \(address\)`
}
