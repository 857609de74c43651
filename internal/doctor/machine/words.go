package machine

import "fmt"

// megabytes is a number of bytes in words.
func megabytes(bytes int64) string { return fmt.Sprintf("%d MB", bytes/1_000_000) }
