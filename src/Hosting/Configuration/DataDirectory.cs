using Microsoft.Extensions.Configuration;

namespace ForegSyte.Hosting.Configuration;

/// <summary>The folder with models and pipelines, and, at run time, the database and the videos of jobs.</summary>
/// <param name="Path">
/// Absolute path with every symbolic link resolved: one folder has one spelling, because DuckDB loses data when one
/// process opens a database by two.
/// </param>
public sealed record DataDirectory(string Path)
{
    /// <summary>The configuration key; FOREGSYTE_DataDirectory in the environment.</summary>
    public const string Key = "DataDirectory";

    private static readonly string Marker = System.IO.Path.Combine("models", "models.json");

    /// <summary>The folder of stored videos and results, the one root that videos are read from by default.</summary>
    public string VideoJobs => File("video_jobs");

    /// <summary>Absolute path of a file or folder in the data directory.</summary>
    public string File(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>
    /// The configured folder; else ./data where it exists; else the nearest data folder with models above the program,
    /// so that a build runs from anywhere in a checkout; else ./data, which a service may create.
    /// </summary>
    /// <param name="configuration">Configuration with, perhaps, <see cref="Key"/>.</param>
    /// <param name="currentDirectory">What relative paths start from.</param>
    public static DataDirectory Find(IConfiguration configuration, string currentDirectory) =>
        new(CanonicalPath.Resolve(Choose(configuration[Key], currentDirectory, AppContext.BaseDirectory)));

    internal static string Choose(string? configured, string currentDirectory, string programDirectory)
    {
        if (!string.IsNullOrWhiteSpace(configured))
        {
            return System.IO.Path.GetFullPath(configured, currentDirectory);
        }

        var here = System.IO.Path.Combine(currentDirectory, "data");
        return Directory.Exists(here) ? here : FindAbove(programDirectory) ?? here;
    }

    private static string? FindAbove(string programDirectory)
    {
        for (var folder = new DirectoryInfo(programDirectory); folder is not null; folder = folder.Parent)
        {
            var data = System.IO.Path.Combine(folder.FullName, "data");
            if (System.IO.File.Exists(System.IO.Path.Combine(data, Marker)))
            {
                return data;
            }
        }

        return null;
    }
}
