# The same Node that package.json pins for every other way of starting the service.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY .npmrc package.json package-lock.json ./
# No install script is wanted here: the one that matters fetches a Node of its own, and this image is one.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
# Not `npm run build`: that would first install what was left out above.
RUN node_modules/.bin/tsc -p tsconfig.build.json

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY .npmrc package.json package-lock.json ./
# bcrypt's native part is a package of its own, prebuilt for this platform: no script, no compiler. Loading it here
# stops the build, not the first start, on a platform that it has not been built for.
RUN npm ci --omit=dev --ignore-scripts && node -e "require('@node-rs/bcrypt')"

FROM ${NODE_IMAGE}
# The service starts no other program: package managers would only be tools for an intruder. A new volume at /data
# takes over the folder's owner.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn-* \
      /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
    && install -d -o node -g node -m 0700 /data
WORKDIR /app
# Owned by root: the service can read its program and not change it.
COPY package.json ./
COPY deploy/make-database-password.mjs ./deploy/
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist

ENV NODE_ENV=production HOST=0.0.0.0 PORT=1602 DATA_DIR=/data
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
CMD ["node", "--disable-warning=DeprecationWarning", "dist/main.js"]
