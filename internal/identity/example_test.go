package identity_test

import (
	"crypto/rand"
	"fmt"
	"time"

	"kai/internal/identity"
	"kai/internal/key"
	"kai/internal/sig"
)

// generated is a new key that signs.
func generated() sig.Signer {
	private, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		panic(err)
	}
	signer, err := private.Signer()
	if err != nil {
		panic(err)
	}
	return sig.Signer{Public: private.Public(), Signer: signer}
}

func Example() {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	first, second, third := generated(), generated(), generated()

	// Made here, with the fingerprint of the key that follows …
	bot, err := identity.New(rand.Reader, now, identity.Inception{
		Facts: identity.Facts{Name: "build-bot", Kind: identity.Agent},
		Keys:  identity.Keys{Next: []string{second.Public.Fingerprint()}, NextThreshold: 1},
	}, first)
	if err != nil {
		fmt.Println(err)
		return
	}
	// … which takes over after 90 days, and the old one fades out in 14.
	bot, err = bot.Change(rand.Reader, now.AddDate(0, 0, 90), identity.Rotation{
		Reason: identity.Scheduled,
		Keys: identity.Keys{
			Sign: []key.Public{second.Public}, Threshold: 1,
			Next: []string{third.Public.Fingerprint()}, NextThreshold: 1,
		},
		OverlapUntil: now.AddDate(0, 0, 104),
	}, first, second)
	if err != nil {
		fmt.Println(err)
		return
	}

	// Somebody else gets the document.
	unverified, err := identity.Parse(bot.Document())
	if err != nil {
		fmt.Println(err)
		return
	}
	known, err := unverified.Verify()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(known.Facts().Name, len(known.ID().String()), "epoch", known.Epoch())
	for _, days := range []int{89, 90, 104} {
		fmt.Println("day", days, len(known.KeysAt(identity.ForSigning, now.AddDate(0, 0, days))), "signing keys")
	}
	// Output:
	// build-bot 62 epoch 1
	// day 89 1 signing keys
	// day 90 2 signing keys
	// day 104 1 signing keys
}
