namespace ForegSyte.Testing;

/// <summary>Sets the modes of files. Tests that use it skip on Windows, which has none.</summary>
public static class FileModes
{
    /// <summary>Sets the mode of a file or folder.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="octal">The mode, for example "0644".</param>
    public static void Set(string path, string octal)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, Parse(octal));
        }
    }

    /// <summary>The mode of a file or folder.</summary>
    public static UnixFileMode Of(string path) => new FileInfo(path).UnixFileMode;

    /// <summary>Parses an octal mode.</summary>
    public static UnixFileMode Parse(string octal) => (UnixFileMode)Convert.ToInt32(octal, 8);
}
