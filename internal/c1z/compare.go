package c1z

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"
)

// Counts are how many rows a sync has.
type Counts struct {
	Types, Users, Roles, Entitlements, Grants int
	// Resources are users, roles and all others.
	Resources int
}

// Compare reads two files side by side and fails unless they have the same rows.
// A file compared with itself is counted.
func Compare(ctx context.Context, one, other string) (Counts, error) {
	var counts Counts
	first, err := open(ctx, one)
	if err != nil {
		return counts, err
	}
	defer first.close(ctx)
	second, err := open(ctx, other)
	if err != nil {
		return counts, err
	}
	defer second.close(ctx)

	for _, kind := range []struct {
		count *int
		list  lister
	}{
		{&counts.Types, untyped(listResourceTypes)},
		{&counts.Users, untyped(listResources("user"))},
		{&counts.Roles, untyped(listResources("role"))},
		{&counts.Resources, untyped(listResources(""))},
		{&counts.Entitlements, untyped(listEntitlements)},
		{&counts.Grants, untyped(listGrants)},
	} {
		if *kind.count, err = compare(ctx, first, second, kind.list); err != nil {
			return counts, fmt.Errorf("comparing %s with %s: %w", one, other, err)
		}
	}
	return counts, nil
}

// lister gives a page of a kind of rows and the token of the next.
type lister func(ctx context.Context, f *file, token string) ([]proto.Message, string, error)

// untyped makes a lister of one that knows the kind of its rows.
func untyped[M proto.Message](list func(context.Context, *file, string) ([]M, string, error)) lister {
	return func(ctx context.Context, f *file, token string) ([]proto.Message, string, error) {
		rows, next, err := list(ctx, f, token)
		all := make([]proto.Message, len(rows))
		for i, row := range rows {
			all[i] = row
		}
		return all, next, err
	}
}

// compare gives how many rows of a kind both files have.
func compare(ctx context.Context, first, second *file, list lister) (int, error) {
	count := 0
	var token, otherToken string
	for {
		rows, next, err := list(ctx, first, token)
		if err != nil {
			return count, err
		}
		others, otherNext, err := list(ctx, second, otherToken)
		if err != nil {
			return count, err
		}
		if err := comparePages(rows, others); err != nil {
			return count, fmt.Errorf("after %d rows: %w", count, err)
		}
		count += len(rows)
		if next == "" && otherNext == "" {
			return count, nil
		}
		token, otherToken = next, otherNext
		if token == "" || otherToken == "" {
			return count, fmt.Errorf("after %d rows one of the files has no more", count)
		}
	}
}

func comparePages(rows, others []proto.Message) error {
	if len(rows) != len(others) {
		return fmt.Errorf("%d rows here, %d there", len(rows), len(others))
	}
	for i, row := range rows {
		if !proto.Equal(row, others[i]) {
			return fmt.Errorf("%v here, %v there", row, others[i])
		}
	}
	return nil
}
