// Saves and loads with the client that BuildKit's `type=gha` cache is made of.
//
// Settings come from the environment of an action. Ends with 0 when everything came back as it was saved.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand"

	actionscache "github.com/tonistiigi/go-actions-cache"
)

// One that goes up at once, and one that goes up in blocks.
var sizes = []int{1000, 24 << 20}

func main() {
	cache, err := actionscache.TryEnv(actionscache.Opt{})
	if err != nil {
		log.Fatalf("reading the environment: %v", err)
	}
	if cache == nil {
		log.Fatal("the environment names no cache")
	}
	for _, scope := range cache.Scopes() {
		fmt.Printf("scope %s %s\n", scope.Scope, scope.Permission)
	}
	for _, size := range sizes {
		if err := roundTrip(cache, size); err != nil {
			log.Fatalf("%d bytes: %v", size, err)
		}
	}
	fmt.Println("round trips of BuildKit's client are good")
}

func roundTrip(cache *actionscache.Cache, size int) error {
	ctx := context.Background()
	data := make([]byte, size)
	rand.New(rand.NewSource(int64(size))).Read(data)
	key := fmt.Sprintf("buildkit-blob-1-%d", size)
	if err := cache.Save(ctx, key, actionscache.NewBlob(data)); err != nil {
		return fmt.Errorf("saving: %w", err)
	}
	entry, err := cache.Load(ctx, key)
	if err != nil {
		return fmt.Errorf("loading: %w", err)
	}
	if entry == nil {
		return fmt.Errorf("nothing was found")
	}
	var whole bytes.Buffer
	if err := entry.WriteTo(ctx, &whole); err != nil {
		return fmt.Errorf("reading all: %w", err)
	}
	if !bytes.Equal(whole.Bytes(), data) {
		return fmt.Errorf("the bytes differ")
	}
	reader := entry.Download(ctx)
	defer reader.Close()
	part := make([]byte, 100)
	if _, err := reader.ReadAt(part, int64(size-200)); err != nil && err != io.EOF {
		return fmt.Errorf("reading a part: %w", err)
	}
	if !bytes.Equal(part, data[size-200:size-100]) {
		return fmt.Errorf("the part differs")
	}
	return nil
}
