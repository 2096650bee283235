namespace ForegSyte.Testing;

/// <summary>Paths in the repository.</summary>
public static class RepositoryFiles
{
    /// <summary>The folder with ForegSyte.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The committed data folder: models, pipelines, samples.</summary>
    public static string Data => Path.Combine(Root, "data");

    /// <summary>The sample clip: 100 frames of 768x576 at 10 fps, pedestrians, the caption GATE 07 NORTH.</summary>
    public static string Pedestrians => Path.Combine(Data, "samples", "pedestrians.mp4");

    /// <summary>
    /// Path of an assembly that was built together with the tests, for example ("src/JobService",
    /// "ForegSyte.JobService").
    /// </summary>
    /// <param name="project">Folder of the project.</param>
    /// <param name="name">Name of the assembly.</param>
    /// <param name="root">Root of another checkout; null for this one.</param>
    public static string BuiltAssembly(string project, string name, string? root = null)
    {
        // All projects are built with the same configuration, into bin/CONFIGURATION/FRAMEWORK.
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(root ?? Root, project, "bin", output.Parent!.Name, output.Name, $"{name}.dll");
    }

    /// <summary>
    /// Path of a file in the optional folder "shared" beside the repository; skips the test without it.
    /// </summary>
    public static string SharedOrSkip(string relativePath)
    {
        var path = Path.GetFullPath(Path.Combine(Root, "..", "shared", relativePath));
        Xunit.Assert.SkipUnless(File.Exists(path), $"{path} is missing; this additional check needs it.");
        return path;
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ForegSyte.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} contains ForegSyte.sln.");
    }
}
