package checkup

//go:generate go test -count=1 -run ^TestDocument$ . -update
