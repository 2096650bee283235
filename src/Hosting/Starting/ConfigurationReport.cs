using System.Globalization;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Listening;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Hosting.Security.Certificates;
using ForegSyte.Hosting.Security.Jwt;
using ForegSyte.Protocol.Text;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Hosting.Starting;

/// <summary>Implements --print-configuration and --check-configuration.</summary>
internal static class ConfigurationReport
{
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
    /// <exception cref="Exception">A file is invalid; the message is for the operator.</exception>
    public static async Task CheckAsync(IServiceProvider services, TextWriter output)
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
        var all = settings.All();
        var set = all.Count(setting => setting.Origin != SettingOrigin.Default);
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"The configuration is valid: {all.Count} settings, {set} of them set."));
        await WarnAsync(settings, output);
    }

    private static async Task WarnAsync(EffectiveSettings settings, TextWriter output)
    {
        foreach (var section in settings.Unknown())
        {
            await output.WriteLineAsync(
                $"# {ControlCharacters.Escape(section)} is not a section of this service and has no effect");
        }
    }
}
