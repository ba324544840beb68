package ball

import "math/big"

// storedBits is how many bits of log 2 and π are written down after the point,
// rounded down; beyond them they are computed.
const storedBits = 2304

const ln2Digits = "" + // floor(log(2)·2^storedBits), hexadecimal
	"b17217f7d1cf79abc9e3b39803f2f6af40f343267298b62d8a0d175b8baafa2be7b876206debac98559552fb4afa1b10" +
	"ed2eae35c138214427573b291169b8253e96ca16224ae8c51acbda11317c387eb9ea9bc3b136603b256fa0ec7657f74b" +
	"72ce87b19d6548caf5dfa6bd38303248655fa1872f20e3a2da2d97c50f3fd5c607f4ca11fb5bfb90610d30f88fe551a2" +
	"ee569d6dfc1efa157d2e23de1400b39617460775db8990e5c943e732b479cd33cccc4e659393514c4c1a1e0bd1d6095d" +
	"25669b333564a3376a9c7f8a5e148e82074db6015cfe7aa30c480a5417350d2c955d5179b1e17b9dae313cdb6c606cb1" +
	"078f735d1b2db31b5f50b5185064c18b4d162db3b365853d7598a1951ae273ee5570b6c68f96983496d4e6d330af889b"

const piDigits = "" + // floor(π·2^storedBits)
	"3243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89452821e638d01377be5466cf34e90c6" +
	"cc0ac29b7c97c50dd3f84d5b5b54709179216d5d98979fb1bd1310ba698dfb5ac2ffd72dbd01adfb7b8e1afed6a267e9" +
	"6ba7c9045f12c7f9924a19947b3916cf70801f2e2858efc16636920d871574e69a458fea3f4933d7e0d95748f728eb65" +
	"8718bcd5882154aee7b54a41dc25a59b59c30d5392af26013c5d1b023286085f0ca417918b8db38ef8e79dcb0603a180" +
	"e6c9e0e8bb01e8a3ed71577c1bd314b2778af2fda55605c60e65525f3aa55ab945748986263e8144055ca396a2aab10b" +
	"6b4cc5c341141e8cea15486af7c72e993b3ee1411636fbc2a2ba9c55d741831f6ce5c3e169b87931eafd6ba336c24cf5" +
	"c"

// stored returns the first bits of a constant after the point, rounded down,
// and false where there are not as many.
func stored(digits string, whole int, bits uint) (*big.Float, bool) {
	n := int(bits+3)/4 + whole
	if n > len(digits) {
		return nil, false
	}
	i, ok := new(big.Int).SetString(digits[:n], 16)
	if !ok {
		return nil, false
	}
	return scaled(i, uint(n-whole)*4), true
}

// ln2 returns log 2 with an absolute error under 2^-bits.
func ln2(bits uint) *big.Float {
	if v, ok := stored(ln2Digits, 0, bits); ok {
		return v
	}
	return computedLn2(bits)
}

// pi returns π with an absolute error under 2^-bits.
func pi(bits uint) *big.Float {
	if v, ok := stored(piDigits, 1, bits); ok {
		return v
	}
	return computedPi(bits)
}
