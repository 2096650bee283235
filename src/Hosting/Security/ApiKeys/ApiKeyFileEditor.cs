using ForegSyte.Hosting.Configuration;

namespace ForegSyte.Hosting.Security.ApiKeys;

/// <summary>A key of a file, for lists.</summary>
/// <param name="Id">Id of the key.</param>
/// <param name="Tenant">Tenant of the holder.</param>
/// <param name="Permissions">Any of submit, read and admin.</param>
/// <param name="ExpiresAt">Expiry; null for none.</param>
public sealed record ListedApiKey(
    string Id, string Tenant, IReadOnlyList<string> Permissions, DateTimeOffset? ExpiresAt);

/// <summary>
/// Changes a file of API keys. A change replaces the file at once, so that a running service reads either the old or
/// the new one. Comments are lost.
/// </summary>
/// <param name="path">Path of the file.</param>
public sealed class ApiKeyFileEditor(string path)
{
    private const UnixFileMode ForOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The keys in the order of the file; none if the file does not exist.</summary>
    /// <exception cref="FormatException">The file is invalid.</exception>
    public IReadOnlyList<ListedApiKey> List() =>
    [
        .. Read().Select(entry => new ListedApiKey(entry.Id, entry.Tenant, [.. entry.Permissions], entry.ExpiresAt)),
    ];

    /// <summary>Adds a key; creates the file if it does not exist.</summary>
    /// <exception cref="FormatException">The file is invalid, or has a key with this id.</exception>
    public void Add(NewApiKey key)
    {
        var entries = Read();
        if (entries.Any(entry => entry.Id == key.Key.Id))
        {
            throw new FormatException(
                $"{path} has a key {key.Key.Id}. Choose another --id, or revoke that key first.");
        }

        Write([.. entries, ApiKeyFile.ReadEntry(key.Entry)]);
    }

    /// <summary>Removes a key.</summary>
    /// <exception cref="FormatException">The file is invalid, or has no key with this id.</exception>
    public void Revoke(string id)
    {
        var entries = Read();
        var others = entries.Where(entry => entry.Id != id).ToList();
        if (others.Count == entries.Count)
        {
            var known = entries.Count == 0 ? "It has no keys." : $"It has: {string.Join(", ", entries.Select(Id))}.";
            throw new FormatException($"{path} has no key {id}. {known}");
        }

        Write(others);

        static string Id(ApiKeyEntry entry) => entry.Id;
    }

    private IReadOnlyList<ApiKeyEntry> Read() =>
        File.Exists(path) ? ApiKeyFile.ReadEntries(File.ReadAllBytes(path)) : [];

    private void Write(IReadOnlyList<ApiKeyEntry> entries)
    {
        var target = CanonicalTarget();
        var temporary = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.{Guid.NewGuid():N}");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = File.Exists(target) ? File.GetUnixFileMode(target) : ForOwner;
        }

        try
        {
            using (var file = new FileStream(temporary, options))
            {
                file.Write(ApiKeyFile.WriteFile(entries));
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, target, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>The file itself, if the path is a link to it.</summary>
    private string CanonicalTarget() => CanonicalPath.Resolve(path);
}
