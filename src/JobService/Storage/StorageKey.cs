namespace ForegSyte.Jobs.Storage;

/// <summary>The form of keys, which every storage checks before it does anything else.</summary>
internal static class StorageKey
{
    /// <summary>Most characters; with the name of a temporary file around it still a file name everywhere.</summary>
    public const int MaxLength = 200;

    /// <summary>Whether a text is a key: letters, digits, '.', '_' and '-' of ASCII, no dot at the beginning.</summary>
    public static bool IsValid(string text) =>
        text.Length is > 0 and <= MaxLength && text[0] != '.' && text.All(IsAllowed);

    /// <summary>Returns the key.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static string Require(string key) => IsValid(key)
        ? key
        : throw new ArgumentException(
            $"A key has 1 to {MaxLength} letters, digits, '.', '_' or '-' and does not begin with a dot.", nameof(key));

    private static bool IsAllowed(char character) =>
        char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '-';
}
