namespace ForegSyte.Hosting.Starting;

/// <summary>What the command line of a service asks for beside settings. Pure.</summary>
internal static class StartArguments
{
    /// <summary>Prints every setting that is in force, and does not start.</summary>
    public const string Print = "--print-configuration";

    /// <summary>Checks the settings, and does not start.</summary>
    public const string Check = "--check-configuration";

    /// <summary>The arguments that are settings.</summary>
    public static string[] SettingsIn(string[] arguments) =>
        [.. arguments.Where(argument => argument is not (Print or Check))];
}
