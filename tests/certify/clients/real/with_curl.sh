# curl --retry, which takes no answer of 4xx but 408 and 429 for transient; 22 is its code for a status from 400.
case $1 in
  alephee) set -- "$CERTIFY_BASE_URL/v2/orders?API_KEY=$CERTIFY_API_KEY&accountId=$CERTIFY_ACCOUNT&orderId=$CERTIFY_ORDER" ;;
  rxuniverse) set -- "$CERTIFY_BASE_URL/api/v2/orders/$CERTIFY_ORDER" ;;
  exsited) set -- "$CERTIFY_BASE_URL/api/v3/orders/$CERTIFY_ORDER" -H "Authorization: Bearer $CERTIFY_TOKEN" ;;
  ecommerce) set -- "$CERTIFY_BASE_URL/api/v1/i/orders/$CERTIFY_ORDER/" -H "Authorization: Bearer $CERTIFY_TOKEN" ;;
esac
exec curl --silent --output /dev/null --fail --retry 3 --request DELETE "$@"
