using System.Globalization;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Listening;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Hosting.Security.Certificates;
using ForegSyte.Hosting.Security.Jwt;
using ForegSyte.Protocol.Text;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Hosting.Starting;

/// <summary>Implements --help, --print-configuration and --check-configuration.</summary>
internal static class ConfigurationReport
{
    /// <summary>Writes how to set settings, and one line per setting: name, default, range, meaning.</summary>
    public static async Task HelpAsync(IServiceProvider services, string serviceName, TextWriter output)
    {
        var (variable, ofService) = (ConfigurationSources.Prefix, ConfigurationSources.PrefixOf(serviceName));
        await output.WriteLineAsync(
            $"""
            ForegSyte {serviceName}. Without arguments it starts the service.

              {StartupArguments.Print}   prints all settings in force, and where each comes from
              {StartupArguments.Check}   checks the settings and their files; exit code 1 if something is wrong

            Settings come from a JSON file (--{ConfigurationSources.FileKey}=FILE), from the environment
            ({variable}Listen__Port=6200; {ofService}Listen__Port for this service alone), and from arguments
            (--Listen:Port=6200). Durations look like 30s or 7d 12h, sizes like 500MiB.

            Settings, with their defaults:
            """);
        foreach (var setting in services.GetRequiredService<EffectiveSettings>().Help())
        {
            var standard = setting.Default.Length > 0 ? $" = {setting.Default}" : "";
            var range = setting.Range.Length > 0 ? $" ({setting.Range})" : "";
            await output.WriteLineAsync($"  {setting.Name}{standard}{range}  {setting.Meaning}".TrimEnd());
        }
    }

    /// <summary>Writes one line per setting: name, value, origin.</summary>
    public static async Task PrintAsync(IServiceProvider services, TextWriter output)
    {
        var settings = services.GetRequiredService<EffectiveSettings>();
        foreach (var setting in settings.All())
        {
            await output.WriteLineAsync(
                ControlCharacters.Escape($"{setting.Name} = {setting.Value}    # {setting.Origin}"));
        }

        await WarnAsync(settings, output);
    }

    /// <summary>Reads the key and certificate files and confirms that the configuration is valid.</summary>
    /// <returns>Whether it is valid. Settings of a section that does not exist have no effect, so it is not.</returns>
    /// <exception cref="Exception">A file is invalid; the message is for the operator.</exception>
    public static async Task<bool> CheckAsync(IServiceProvider services, TextWriter output)
    {
        // Their constructors read the files. The options were validated before.
        foreach (var reader in new[]
        {
            typeof(ApiKeyStore), typeof(CertificateCallers), typeof(JwtKeys), typeof(ServerTls),
        })
        {
            services.GetRequiredService(reader);
        }

        var settings = services.GetRequiredService<EffectiveSettings>();
        if (settings.Unknown().Count > 0)
        {
            await WarnAsync(settings, output);
            return false;
        }

        var all = settings.All();
        var set = all.Count(setting => setting.Origin != SettingOrigin.Default);
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"The configuration is valid: {all.Count} settings, {set} of them set."));
        return true;
    }

    private static async Task WarnAsync(EffectiveSettings settings, TextWriter output)
    {
        foreach (var section in settings.Unknown())
        {
            await output.WriteLineAsync(
                ControlCharacters.Escape(
                    $"# {section.Name} is not a section of this service and has no effect ({section.Origin})."
                    + section.Guess));
        }
    }
}
