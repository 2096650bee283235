namespace ForegSyte.Jobs.Storage;

/// <summary>Where artifacts are stored. Setting "Storage".</summary>
internal enum StorageKind
{
    /// <summary>In a folder; section "Storage".</summary>
    Local,

    /// <summary>In a bucket of an S3-compatible server; section "S3".</summary>
    S3,
}

/// <summary>Reads the setting "Storage".</summary>
internal static class StorageKinds
{
    /// <summary>The configuration key.</summary>
    public const string Key = "Storage";

    /// <summary>The configured kind; Local by default.</summary>
    /// <exception cref="FormatException">The value is none of the kinds.</exception>
    public static StorageKind Of(IConfiguration configuration) => configuration[Key] switch
    {
        null or "" => StorageKind.Local,
        var text when Enum.TryParse<StorageKind>(text, ignoreCase: true, out var kind) && Enum.IsDefined(kind) => kind,
        var text => throw new FormatException(
            $"Storage is '{text}'; it must be one of {string.Join(", ", Enum.GetNames<StorageKind>())}."),
    };
}
