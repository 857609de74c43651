package connector

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/errorid"
)

// failed says what was being done when an error came. During a sync, baton-sdk
// takes NotFound for "skip it and go on", which would make an access review miss
// whatever was being read: what failed here fails the sync.
func failed(doing string, err error) error {
	if status.Code(err) == codes.NotFound {
		return status.Error(codes.FailedPrecondition, errorid.Text(doing, err))
	}
	return errorid.Error(doing, err)
}

// unfit is the error for what cannot be done until something is put right.
func unfit(doing string, cause error) error {
	return status.Error(codes.FailedPrecondition, errorid.Text(doing, cause))
}

// gone is failed for a single object, where NotFound is the truth: the client
// says so only where PrivX did, and a targeted sync then leaves the object out.
func gone(doing string, err error) error {
	return errorid.Error(doing, err)
}

// absentError says why a single object is not there.
type absentError string

func (a absentError) Error() string { return string(a) }

// GRPCStatus is what baton-sdk takes for "skip it and go on".
func (a absentError) GRPCStatus() *status.Status { return status.New(codes.NotFound, string(a)) }

// ErrorID is the id of the condition.
func (a absentError) ErrorID() errorid.ID { return errorid.NotFound }
