# The same Node that package.json pins for every other way of starting the service.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY .npmrc package.json package-lock.json ./
# No install script is wanted here: the one that matters fetches a Node of its own, and this image is one.
RUN npm ci --ignore-scripts
COPY scripts/build.ts scripts/licenses.ts ./scripts/
COPY src ./src
# Not `npm run build`: that would first install what was left out above.
RUN node scripts/build.ts

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY .npmrc package.json package-lock.json ./
# bcrypt's native part is a package of its own, prebuilt for this platform: no script, no compiler. Loading it here
# stops the build, not the first start, on a platform that it has not been built for. What only a compiler or a
# debugger reads is left out.
RUN npm ci --omit=dev --ignore-scripts && node -e "require('@node-rs/bcrypt')" \
    && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.cts' -o -name '*.mts' \) -delete

# The root of the last image: of the system it has what Node and bcrypt are linked with, and nothing that could be run
# but Node. The entries of /var/lib/dpkg/status.d tell those who look for known flaws what is here.
FROM dependencies AS system
RUN set -eu; \
    mkdir -p /system/etc /system/var/lib/dpkg/status.d; \
    install -d -m 1777 /system/tmp; \
    install -d -o 1000 -g 1000 -m 0700 /system/data; \
    cp --parents /usr/local/bin/node /system; \
    ldd /usr/local/bin/node $(find node_modules -name '*.node') \
      | grep -o '/[^ ]*\.so[^ ]*' | sort -u | xargs cp --parents --dereference --target-directory=/system; \
    for package in libc6 libgcc-s1 libstdc++6; do \
      dpkg-query --status $package > /system/var/lib/dpkg/status.d/$package; \
      cp --parents /usr/share/doc/$package/copyright /system; \
    done; \
    grep -E '^(root|node):' /etc/passwd > /system/etc/passwd; \
    grep -E '^(root|node):' /etc/group > /system/etc/group; \
    echo 'hosts: files dns' > /system/etc/nsswitch.conf

FROM scratch
# In one layer, with owners and modes as they were made: a new volume at /data takes over the folder's.
COPY --from=system /system /
WORKDIR /app
# Owned by root: the service can read its program and not change it.
COPY package.json ./
COPY deploy/make-database-password.mjs ./deploy/
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist

ENV PATH=/usr/local/bin
ENV NODE_ENV=production HOST=0.0.0.0 PORT=1602 ADMIN_HOST=0.0.0.0 DATA_DIR=/data
VOLUME /data
EXPOSE 1602
# The user `node`, by number, so that an orchestrator can see that it is not root.
USER 1000:1000
STOPSIGNAL SIGTERM
# Whether the process lives, not whether its database answers: orchestrators replace what is unhealthy, and a new
# process would not mend the database, only drop the requests that wait for it. Traffic is for /health/ready to steer.
# (The first 200 says both: the service listens only when its tables are in place.)
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 1602}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# A program and not a shell line, so that signals reach it. A deprecation tells who builds the service, not who runs it.
# The bounds on the memory are soft ones: docs/decisions/0020-a-small-footprint.md. Words that follow are a command.
ENTRYPOINT ["node", "--max-semi-space-size=4", "--no-parallel-scavenge", "--heap-growing-percent=50", "--disable-warning=DeprecationWarning", "dist/main.js"]
