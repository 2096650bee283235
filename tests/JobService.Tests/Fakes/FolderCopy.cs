namespace ForegSyte.Jobs.Tests.Fakes;

/// <summary>Copies the folder of a running engine, as a crash at this moment would leave it.</summary>
internal static class FolderCopy
{
    /// <summary>Copies a folder with everything in it.</summary>
    public static void Make(string from, string to)
    {
        foreach (var folder in Directory.GetDirectories(from, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        }

        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            try
            {
                File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)), overwrite: true);
            }
            catch (FileNotFoundException) when (file.EndsWith(".tmp", StringComparison.Ordinal))
            {
                // Another segment of the job got its name meanwhile: as if the crash came before it.
            }
        }
    }
}
